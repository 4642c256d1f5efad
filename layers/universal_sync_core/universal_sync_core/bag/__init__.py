"""The state bag: its fields, the counters of the machine, and the unit of work that changes it.

Uses: values, storage and pages.
Others use: the field names, `UnitOfWork` and `unit_of_work`.
"""
