"""The state bag: its fields, what the machine counts in it, the unit of work that changes it.

Uses: values, storage and pages.
Others use: the field names, `UnitOfWork` and `unit_of_work`.
"""
