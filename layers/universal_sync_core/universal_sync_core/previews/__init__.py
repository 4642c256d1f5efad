"""Previews: a value in S3 is shown beside its pointer, shortened and without its secrets.

Uses: values, pages and bag.
Others use: `with_previews`, and `Masking` to show any state.
"""
