run_example
[ "$status" = 2 ] || fail "status $status"
has errors "unknown option 'rotat' (did you mean 'rotate'?)"
[ ! -e app.log ] || fail 'app.log was made'
