run_example
same output 'status 1'
has errors "output 'fifo:hung': "
has errors 'not delivered'
