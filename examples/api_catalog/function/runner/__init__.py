"""The segment runner of the API catalog: what a user deploys as a Lambda function of their own."""
