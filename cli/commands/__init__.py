"""One command a file, by its own name. Start reading at the file of the command."""
