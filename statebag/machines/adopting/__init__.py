"""Edits of a definition's text that insert what a plan asks for, and take it out again."""
