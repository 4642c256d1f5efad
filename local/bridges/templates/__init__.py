"""What moto's CloudFormation lacks, one gap per module."""
