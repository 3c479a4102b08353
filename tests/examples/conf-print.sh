run_example
ended_well
logrelay --check -c logrelay.toml || fail 'it has mistakes'
has logrelay.toml 'rotate = "64M"'
echo hello | logrelay -c logrelay.toml
same app.log hello
logrelay --print-config -c logrelay.toml >again
cmp again logrelay.toml || fail 'it is not the same again'
