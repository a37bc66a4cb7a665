"""``python -m crm_core.cli`` is ``crm``."""

from crm_core.cli import main

main()
