"""A module for each command; each has its click command under the name `command`."""
