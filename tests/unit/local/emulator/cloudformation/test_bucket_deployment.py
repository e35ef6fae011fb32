"""The files of a bucket deployment: markers, headers and filters."""

import io
import zipfile

from local.emulator.cloudformation.bucket_deployment import headers_for, is_selected, unpack


def test_markers_in_files_are_replaced():
    """In every file; folders are not files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("folder/", "")
        files.writestr("folder/a.json", '{"x": "<<marker:0xbaba:1>>"}')
    assert list(unpack(archive.getvalue(), {"<<marker:0xbaba:1>>": "filled"})) == [
        ("folder/a.json", b'{"x": "filled"}')
    ]


def test_the_content_type_follows_from_the_name_unless_the_deployment_sets_it():
    """Metadata of the deployment overrides the type by the suffix."""
    assert headers_for("a.JS", {}) == {"content-type": "text/javascript"}
    headers = headers_for("a.unknown", {"SystemMetadata": {"content-type": "x/y"}, "UserMetadata": {"k": "v"}})
    assert headers == {"content-type": "x/y", "x-amz-meta-k": "v"}


def test_an_include_overrides_an_exclude():
    """As the filters of `aws s3 sync`."""
    assert is_selected("a.txt", [], [])
    assert not is_selected("a.txt", ["*.txt"], [])
    assert is_selected("a.txt", ["*"], ["a.*"])
