"""What the command is made of: arguments, tables, and the next steps of a series."""
