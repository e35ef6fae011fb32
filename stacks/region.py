"""The regions that a stage can be deployed to."""

import re

from stacks.stage import Stage, StageError

# The regions of the partition `aws`. Those of China, GovCloud and the other partitions have other forms, such as
# cn-north-1, us-gov-west-1 and eusc-de-east-1.
PARTITION_AWS = re.compile(
    r"^(af|ap|ca|eu|il|me|mx|sa|us)-(north|south|east|west|central|(north|south)(east|west))-\d$"
)

# The regions of all accounts. All others must be enabled for an account first ("opt-in"), and CloudFront does not
# write logs to buckets there:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
REGIONS_FOR_ACCESS_LOGS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)


def check_region(stage: Stage, region: str | None) -> None:
    """Raise StageError if the stage cannot be deployed to the region. None: the region is not known yet."""
    if region is None:
        return
    if not PARTITION_AWS.match(region):
        raise StageError(
            f"Stage '{stage.name}' cannot be deployed to {region}: Parley is built for the partition 'aws', and "
            "uses CloudFront, Cognito and their domain names there. Use a region like eu-west-1."
        )
    certificate = stage.socket_certificate_arn
    if certificate is not None and f":{region}:" not in certificate:
        raise StageError(
            f"Stage '{stage.name}' cannot be deployed to {region} with socketCertificateArn {certificate!r}: API "
            f"Gateway takes certificates of the API's region only. Request one in {region}."
        )
    if stage.access_logs and region not in REGIONS_FOR_ACCESS_LOGS:
        raise StageError(
            f"Stage '{stage.name}' cannot be deployed to {region} with accessLogs: CloudFront does not write logs "
            "to buckets in opt-in regions. Set accessLogs to false in cdk.json, or use a region like eu-west-1."
        )
