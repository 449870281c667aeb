"""The command line, a face on the same core as the console."""
