"""The screens of files in and out: the import wizard, the list of imports, fetching exports."""
