"""The edge: one AWS service a module, each speaking the domain's types."""
