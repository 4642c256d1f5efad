"""The segment runner of the API catalog, which a user deploys as their own Lambda function."""
