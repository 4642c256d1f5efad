"""State machines of others: what their data flow is, where it passes the limit, and what to insert.

The rooms, each importing only those before it: `text` (a definition with the span of each value),
`values` (paths and expressions, one form for JSONPath and JSONata), `model` (states and edges),
`flow` (who reads what, and how large it can be), `planning` (where to offload), `rewriting` (tasks
that name a function alone), `assessing` (the report) and `adopting` (edits of the text).
"""
