# ruff: noqa: INP001 - read by Sphinx, imported by nobody
"""The site that `make docs` builds: pages in Markdown, the reference from docstrings."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
# As pytest's `pythonpath` in pyproject.toml, and the extension beside this file.
for folder in ("..", "../functions/state_data_manager", "../layers/universal_sync_core", "_ext"):
    sys.path.insert(0, str((HERE / folder).resolve()))

project = "Universal Sync Core"
author = "The maintainers of Universal Sync Core"
project_copyright = author

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "reference_tables",
    "markdown_pages",
    "stacked_tables",
]
exclude_patterns = ["_build", "_ext"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = project
html_copy_source = False
html_show_sphinx = False

# In docstrings, as in these pages, what stands in backticks is code.
default_role = "code"

# The depth to which a heading can be linked to as `page.md#heading`.
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# A long union, which the text says better than a signature.
autodoc_type_aliases = {"Answered": "object"}
# `Raises:` names an error of this package, which the extension finds by its bare name.
napoleon_numpy_docstring = False
napoleon_use_ivar = True

nitpicky = True
nitpick_ignore_regex = [
    # The site is built without a network: there are no inventories of other packages to link to.
    (r"py:.*", r"(_pytest|boto3|botocore|collections|contextlib|pathlib|pydantic|typing)\..*"),
    # A type variable is a letter of a signature, with nothing to say about it.
    (r"py:class", r"(\w+\.)*([A-Z]|\w+T)"),
    # Types in signatures whose text says what they are: of a decorator's handler, of a fixture.
    (r"py:class", r"Answered|LargePayloadHandler|(\w+\.)*LambdaContext"),
]
