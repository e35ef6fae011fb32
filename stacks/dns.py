"""DNS records of a stage's own domains."""

from aws_cdk import aws_route53 as route53
from constructs import Construct


def add_alias(
    scope: Construct, construct_id: str, *, zone_id: str | None, name: str, target: str, target_zone_id: str
) -> None:
    """Let a name refer to an address of AWS, for IPv4 and IPv6. Without a zone, nothing is created."""
    if zone_id is None:
        return
    for kind in ("A", "AAAA"):
        route53.CfnRecordSet(
            scope,
            f"{construct_id}{kind}",
            hosted_zone_id=zone_id,
            name=name,
            type=kind,
            alias_target=route53.CfnRecordSet.AliasTargetProperty(dns_name=target, hosted_zone_id=target_zone_id),
        )
