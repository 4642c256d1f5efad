"""What is printed and written: one module prints, and secrets are masked before.

Uses: paths and errors.
Others use: `terminal` for every line, `masking` for what is shown of a state.
"""
