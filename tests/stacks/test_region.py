"""The regions that a stage is refused in, before anything is deployed."""

from collections.abc import Iterator

import boto3
import pytest

from stacks.region import REGIONS_FOR_ACCESS_LOGS, check_region
from stacks.stage import Stage, StageError

DEV = Stage(name="dev")
WITH_ACCESS_LOGS = Stage(name="prod", access_logs=True)


def regions(*, of_partition_aws: bool) -> Iterator[str]:
    """The regions that botocore knows, of the partition `aws` or of all others."""
    session = boto3.session.Session()
    for partition in session.get_available_partitions():
        if (partition == "aws") is of_partition_aws:
            yield from session.get_available_regions("ec2", partition)


def test_every_region_of_the_partition_aws_is_accepted() -> None:
    """Without access logs, opt-in regions too."""
    known = list(regions(of_partition_aws=True))
    assert len(known) >= 30
    for region in known:
        check_region(DEV, region)


def test_other_partitions_are_refused_with_a_sentence() -> None:
    """China, GovCloud, the European Sovereign Cloud and the isolated regions have other domain names."""
    others = list(regions(of_partition_aws=False))
    assert {"cn-north-1", "us-gov-west-1", "eusc-de-east-1"} <= set(others)
    for region in others:
        with pytest.raises(
            StageError, match=f"cannot be deployed to {region}: .*Use a region like eu-west-1"
        ) as refusal:
            check_region(DEV, region)
        assert "\n" not in str(refusal.value)


def test_access_logs_are_refused_in_opt_in_regions() -> None:
    """CloudFront does not write logs to buckets there. The CDK's own facts say which regions are opt-in."""
    from aws_cdk import region_info

    facts = {region.name: region.is_opt_in_region for region in region_info.RegionInfo.regions}
    for region in regions(of_partition_aws=True):
        assert facts[region] is (region not in REGIONS_FOR_ACCESS_LOGS), region
        if facts[region]:
            with pytest.raises(StageError, match=f"{region} with accessLogs: .*Set accessLogs to false"):
                check_region(WITH_ACCESS_LOGS, region)
        else:
            check_region(WITH_ACCESS_LOGS, region)


def test_an_unknown_region_is_not_checked() -> None:
    """Synthesising needs no account and no region."""
    check_region(WITH_ACCESS_LOGS, None)


def test_the_app_exits_with_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CDK CLI passes on the region to which it would deploy."""
    from app import main

    monkeypatch.setenv("CDK_DEFAULT_REGION", "cn-north-1")
    monkeypatch.setenv("CDK_CONTEXT_JSON", "{}")
    monkeypatch.setenv("LOGNAME", "ada")
    with pytest.raises(SystemExit, match=r"^Stage 'ada' cannot be deployed to cn-north-1: "):
        main()
