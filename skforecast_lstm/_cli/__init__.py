"""Parts of the command: arguments, tables, and the next steps of a series."""
