"""CloudFormation: resource types that MiniStack lacks, and how resources are replaced and deleted."""
