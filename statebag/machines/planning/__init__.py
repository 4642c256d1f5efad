"""Where a machine has to offload, with which bound, and what stays plain there."""
