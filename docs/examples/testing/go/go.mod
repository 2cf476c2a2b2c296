module example.com/orgd-contract-test

go 1.21
