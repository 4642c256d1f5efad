"""Functions: Lambda's emulators, what runs in them, and those of the user's beside the stack."""
