"""A catalog of every AWS API that botocore describes, made by one Step Functions workflow."""
