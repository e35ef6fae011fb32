"""CodeDeploy: gradual deployments of functions."""
