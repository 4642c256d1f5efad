"""The stack: built from its template, expanded and deployed to moto's CloudFormation."""
