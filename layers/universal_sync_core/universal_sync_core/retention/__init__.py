"""After the end of a workflow: its record, who else works on its state, and what is deleted.

Uses: `values/`, `storage/`, `bag/`.
Others use: `begin_work`, `write_record`, `DailyDeletion`, and the rules of both, for `statebag gc`.
"""
