package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"example.com/team/orgd"
)

func main() {
	configuration := orgd.NewConfiguration()
	configuration.Servers = orgd.ServerConfigurations{{URL: os.Getenv("ORGD_URL") + "/api/v2"}}
	keys := map[string]orgd.APIKey{"CoderSessionToken": {Key: os.Getenv("ORGD_TOKEN")}}
	ctx := context.WithValue(context.Background(), orgd.ContextAPIKeys, keys)
	api := orgd.NewAPIClient(configuration).OrganizationsAPI

	organizations, _, err := api.GetOrganizations(ctx).Execute()
	if err != nil {
		panic(err)
	}
	for _, organization := range organizations {
		fmt.Println(organization.GetName())
	}
	request := orgd.NewCodersdkCreateOrganizationRequest("platform-team")
	created, _, err := api.CreateOrganization(ctx).CodersdkCreateOrganizationRequest(*request).Execute()
	if err != nil {
		panic(err)
	}
	fmt.Printf("Created %s.\n", created.GetName())
	_, answer, err := api.CreateOrganization(ctx).CodersdkCreateOrganizationRequest(*request).Execute()
	var refused *orgd.GenericOpenAPIError
	if errors.As(err, &refused) {
		fmt.Printf("%d: %s\n", answer.StatusCode, refused.Model().(orgd.CodersdkResponse).Message)
	}
}
