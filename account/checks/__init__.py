"""What can only be seen in an account: one module for each thing to look at."""
