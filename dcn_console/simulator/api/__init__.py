"""The HTTP side: thin modules that turn requests into questions to the world."""
