#!/bin/sh
# Scans are read by tesseract: installed by the system's package manager where that may be done. Without it their tests are skipped.
command -v tesseract >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing tesseract for the tests of scans"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends tesseract-ocr; } >/dev/null && exit 0
fi
echo "The tests of scans are skipped without tesseract: install the package 'tesseract-ocr' to run them." >&2
