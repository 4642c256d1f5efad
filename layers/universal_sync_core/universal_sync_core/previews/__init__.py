"""What a value in S3 looks like, shown beside its pointer without its secrets.

Uses: values, pages and bag.
Others use: `with_previews`, which paths a bag asks for, and `Masking` for what is shown of a state.
"""
