"""Servers and other processes of a cloud, their ports and what they log."""
