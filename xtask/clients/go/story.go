// Command story tells the story with a client of openapi-generator. Most keys of an organization and of a job are optional in the
// document, as they are in Coder's; Get… reads an absent one as its zero value.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"reflect"

	"example.com/team/orgd"
)

var client = func() *orgd.APIClient {
	configuration := orgd.NewConfiguration()
	configuration.Servers = orgd.ServerConfigurations{{URL: os.Getenv("ORGD_API")}}
	return orgd.NewAPIClient(configuration)
}()

func main() {
	ctx := login()
	organization := makeAndRename(ctx, os.Getenv("ORGD_STORY"))
	workOnJobs(ctx, organization)
	remove(ctx, organization)
	fmt.Println("The story ends well.")
}

func login() context.Context {
	email, password := os.Getenv("ORGD_EMAIL"), os.Getenv("ORGD_PASSWORD")
	users := client.UsersAPI
	wrong := orgd.NewCodersdkLoginWithPasswordRequest(email, "not the password")
	_, answer, err := users.LogInUser(context.Background()).CodersdkLoginWithPasswordRequest(*wrong).Execute()
	refused(answer, err, http.StatusUnauthorized)
	right := orgd.NewCodersdkLoginWithPasswordRequest(email, password)
	session, _, err := users.LogInUser(context.Background()).CodersdkLoginWithPasswordRequest(*right).Execute()
	succeeded(err, "login")
	keys := map[string]orgd.APIKey{"CoderSessionToken": {Key: session.SessionToken}}
	return context.WithValue(context.Background(), orgd.ContextAPIKeys, keys)
}

func makeAndRename(ctx context.Context, name string) string {
	api := client.OrganizationsAPI
	request := orgd.NewCodersdkCreateOrganizationRequest(name)
	request.SetIcon("/icon/k8s.png")
	created, _, err := api.CreateOrganization(ctx).CodersdkCreateOrganizationRequest(*request).Execute()
	succeeded(err, "create")
	expect([]string{created.GetName(), created.GetDisplayName(), created.GetIcon()}, []string{name, name, "/icon/k8s.png"}, "what was created")
	listed, _, err := api.GetOrganizations(ctx).Execute()
	succeeded(err, "list")
	found := 0
	for _, organization := range listed {
		if reflect.DeepEqual(organization, *created) {
			found++
		}
	}
	expect(found, 1, "the organization in the list")
	got, _, err := api.GetOrganizationByID(ctx, created.Id).Execute()
	succeeded(err, "get")
	expect(got, created, "get")

	changes := orgd.NewCodersdkUpdateOrganizationRequest()
	changes.SetName(name + "-2")
	// Sent as null, which means "leave it"; what is not set is not sent.
	changes.SetDescriptionNil()
	renamed, _, err := api.UpdateOrganization(ctx, created.Id).CodersdkUpdateOrganizationRequest(*changes).Execute()
	succeeded(err, "rename")
	expect([]string{renamed.GetName(), renamed.GetDisplayName()}, []string{name + "-2", name}, "the new name")

	taken := orgd.NewCodersdkCreateOrganizationRequest(name + "-2")
	_, answer, err := api.CreateOrganization(ctx).CodersdkCreateOrganizationRequest(*taken).Execute()
	conflict := refused(answer, err, http.StatusConflict)
	expect(conflict.Message, fmt.Sprintf("Organization already exists with the name %q.", name+"-2"), "the conflict")
	expect(len(conflict.Validations), 1, "the number of fields in conflict")
	expect(conflict.Validations[0].Field, "name", "the field in conflict")
	return created.Id
}

func workOnJobs(ctx context.Context, organization string) {
	me, _, err := client.UsersAPI.GetUserByName(ctx, "me").Execute()
	succeeded(err, "get me")
	tagged := enqueue(ctx, organization, map[string]string{"cluster": "eu-1"})
	plain := enqueue(ctx, organization, map[string]string{})
	expect(tagged.GetStatus(), orgd.CODERSDKPROVISIONERJOBSTATUS_PENDING, "the status of the new job")
	expect(tagged.GetInitiatorId(), me.Id, "who queued the new job")
	expect(tagged.GetTags()["cluster"], "eu-1", "the tags of the new job")

	all := client.OrganizationsAPI.GetProvisionerJobs(ctx, organization)
	ids := []string{tagged.GetId(), plain.GetId()}
	expect(list(all), []string{plain.GetId(), tagged.GetId()}, "all jobs, newest first")
	expect(list(all.Limit(1)), []string{plain.GetId()}, "the newest job")
	expect(len(list(all.Ids(ids))), 2, "jobs by two ids")
	expect(list(all.Status("running")), []string{}, "running jobs")
	// Sent as `tags[cluster]=eu-1`, which the server takes as well.
	every := all.Limit(5).Ids(ids).Status("pending").Tags(map[string]string{"cluster": "eu-1"}).Initiator(me.Id)
	expect(list(every), []string{tagged.GetId()}, "jobs by every filter")

	for _, job := range ids {
		_, _, err := client.ProvisioningAPI.CancelProvisionerJob(ctx, organization, job).Execute()
		succeeded(err, "cancel")
	}
	canceled, _, err := client.OrganizationsAPI.GetProvisionerJob(ctx, organization, tagged.GetId()).Execute()
	succeeded(err, "get job")
	expect(canceled.GetStatus(), orgd.CODERSDKPROVISIONERJOBSTATUS_CANCELED, "the status of a canceled job")
}

func enqueue(ctx context.Context, organization string, tags map[string]string) *orgd.CodersdkProvisionerJob {
	request := orgd.NewOrgdCreateProvisionerJobRequest(orgd.CODERSDKPROVISIONERJOBTYPE_WORKSPACE_BUILD)
	request.SetTags(tags)
	call := client.ProvisioningAPI.CreateProvisionerJob(ctx, organization)
	job, _, err := call.OrgdCreateProvisionerJobRequest(*request).Execute()
	succeeded(err, "enqueue")
	return job
}

func list(call orgd.ApiGetProvisionerJobsRequest) []string {
	jobs, _, err := call.Execute()
	succeeded(err, "list jobs")
	ids := []string{}
	for _, job := range jobs {
		ids = append(ids, job.GetId())
	}
	return ids
}

func remove(ctx context.Context, organization string) {
	deleted, _, err := client.OrganizationsAPI.DeleteOrganization(ctx, organization).Execute()
	succeeded(err, "delete")
	expect(deleted.Message, "Organization has been deleted.", "the deletion")
	_, answer, err := client.OrganizationsAPI.GetOrganizationByID(ctx, organization).Execute()
	gone := refused(answer, err, http.StatusNotFound)
	expect(gone.Message, "Resource not found or you do not have access to this resource", "what is gone")
}

// refused ends the story unless the call was refused with this status; what the server said.
func refused(answer *http.Response, err error, status int) orgd.CodersdkResponse {
	var refusal *orgd.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		log.Fatalf("a call was to be refused with %d, and got %v", status, err)
	}
	expect(answer.StatusCode, status, "the status of a refusal")
	said, ok := refusal.Model().(orgd.CodersdkResponse)
	if !ok {
		log.Fatalf("the error of status %d has no type: %s", status, refusal.Body())
	}
	return said
}

func succeeded(err error, what string) {
	var refusal *orgd.GenericOpenAPIError
	if errors.As(err, &refusal) {
		log.Fatalf("%s: %v: %s", what, err, refusal.Body())
	}
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func expect(actual, expected any, what string) {
	if !reflect.DeepEqual(actual, expected) {
		log.Fatalf("%s: expected %v, got %v", what, expected, actual)
	}
}
