"""See, compare and repair the state that a workflow keeps in S3: the operator's command.

`cli.py` has the command line, `commands/` a module for each command. What they share: `sources`
opens a bag from wherever it is, `tree` and `containers` look into it reading no more than is asked
for, `executions` and `timeline` tell what a workflow did, `masking` hides what looks secret.
"""
