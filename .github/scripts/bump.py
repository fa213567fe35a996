"""bump.py OVERLAY SERVICE DIGEST: writes the digest of an image into an overlay. The only line of a release."""

import re
import sys
from pathlib import Path


def main():
    overlay, service, digest = sys.argv[1:]
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        sys.exit(f"no digest: {digest}")
    file = Path(f"k8s/overlays/{overlay}/{service}/kustomization.yaml")
    text, count = re.subn(r"^( +digest: )sha256:[0-9a-f]{64}$", rf"\g<1>{digest}", file.read_text(), flags=re.M)
    if count != 1:
        sys.exit(f"{file} names {count} digests")
    file.write_text(text)


if __name__ == "__main__":
    main()
