"""A definition as a person wrote it: values with their spans, and edits of spans."""
