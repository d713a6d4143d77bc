#!/bin/sh
# The browser tests need Chromium: installed by the system's package manager where that may be done, else one line says what to do.
for name in chromium chromium-browser google-chrome; do
	command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing Chromium for the browser tests"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-core; } >/dev/null && exit 0
fi
echo "The browser tests need Chromium: install the package 'chromium' (for example: sudo apt-get install chromium)." >&2
exit 1
