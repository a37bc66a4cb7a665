"""Equipment at the client's: a small module that uses every part of the framework once."""
