"""When a workflow has ended: what is recorded of it, who else works on its state, what is deleted.

Uses: `values/`, `storage/`, `bag/`.
Others use: `begin_work`, `write_record`, `DailyDeletion`, and for `statebag gc` the rules of both.
"""
