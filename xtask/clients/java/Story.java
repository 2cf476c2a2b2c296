// The story, told by a client of openapi-generator that uses the HTTP client of Java itself.

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import orgd.client.ApiClient;
import orgd.client.ApiException;
import orgd.client.api.OrganizationsApi;
import orgd.client.api.ProvisioningApi;
import orgd.client.api.UsersApi;
import orgd.client.model.CodersdkCreateOrganizationRequest;
import orgd.client.model.CodersdkLoginWithPasswordRequest;
import orgd.client.model.CodersdkOrganization;
import orgd.client.model.CodersdkProvisionerJob;
import orgd.client.model.CodersdkProvisionerJobStatus;
import orgd.client.model.CodersdkProvisionerJobType;
import orgd.client.model.CodersdkResponse;
import orgd.client.model.CodersdkUpdateOrganizationRequest;
import orgd.client.model.CodersdkValidationError;
import orgd.client.model.OrgdCreateProvisionerJobRequest;

public final class Story {
    private final ApiClient client;
    private final OrganizationsApi organizations;
    private final ProvisioningApi provisioning;
    private final UsersApi users;

    public static void main(String[] arguments) throws Exception {
        Story story = new Story(login());
        UUID organization = story.makeAndRename(System.getenv("ORGD_STORY"));
        story.workOnJobs(organization);
        story.delete(organization);
        System.out.println("The story ends well.");
    }

    private Story(String token) {
        client = new ApiClient();
        client.updateBaseUri(System.getenv("ORGD_API"));
        // Before the line below: an API takes over what the client has when it is made.
        client.setRequestInterceptor(request -> request.header("Coder-Session-Token", token));
        organizations = new OrganizationsApi(client);
        provisioning = new ProvisioningApi(client);
        users = new UsersApi(client);
    }

    private static String login() throws ApiException {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("ORGD_API"));
        UsersApi users = new UsersApi(client);
        String email = System.getenv("ORGD_EMAIL");
        var wrong = new CodersdkLoginWithPasswordRequest().email(email).password("not the password");
        expect(refusal(() -> users.logInUser(wrong)).getCode(), 401, "the status of a wrong password");
        var right = new CodersdkLoginWithPasswordRequest().email(email).password(System.getenv("ORGD_PASSWORD"));
        return users.logInUser(right).getSessionToken();
    }

    private UUID makeAndRename(String name) throws Exception {
        var request = new CodersdkCreateOrganizationRequest().name(name).icon("/icon/k8s.png");
        CodersdkOrganization created = organizations.createOrganization(request);
        expect(List.of(created.getName(), created.getDisplayName()), List.of(name, name), "what was created");
        expect(created.getIcon(), "/icon/k8s.png", "the icon");
        expect(organizations.getOrganizations().contains(created), true, "the organization in the list");
        expect(organizations.getOrganizationByID(created.getId()), created, "get");

        var changes = new CodersdkUpdateOrganizationRequest().name(name + "-2");
        CodersdkOrganization renamed = organizations.updateOrganization(created.getId().toString(), changes);
        expect(List.of(renamed.getName(), renamed.getDisplayName()), List.of(name + "-2", name), "the new name");

        var taken = new CodersdkCreateOrganizationRequest().name(name + "-2");
        ApiException refused = refusal(() -> organizations.createOrganization(taken));
        expect(refused.getCode(), 409, "the status of a conflict");
        CodersdkResponse conflict = said(refused);
        String message = "Organization already exists with the name \"" + name + "-2\".";
        expect(conflict.getMessage(), message, "the conflict");
        expect(conflict.getValidations().stream().map(CodersdkValidationError::getField).toList(), List.of("name"), "the field");
        return created.getId();
    }

    private void workOnJobs(UUID organization) throws Exception {
        UUID me = users.getUserByName("me").getId();
        CodersdkProvisionerJob tagged = enqueue(organization, Map.of("cluster", "eu-1"));
        CodersdkProvisionerJob plain = enqueue(organization, Map.of());
        expect(tagged.getStatus(), CodersdkProvisionerJobStatus.PENDING, "the status of the new job");
        expect(tagged.getInitiatorId(), me, "who queued the new job");
        expect(tagged.getTags().get("cluster"), "eu-1", "the tags of the new job");

        List<UUID> ids = List.of(tagged.getId(), plain.getId());
        List<UUID> newestFirst = List.of(plain.getId(), tagged.getId());
        expect(list(organization, null, null, null, null, null), newestFirst, "all jobs, newest first");
        expect(list(organization, 1, null, null, null, null), List.of(plain.getId()), "the newest job");
        expect(list(organization, null, ids, null, null, null).size(), 2, "jobs by two ids");
        expect(list(organization, null, null, "running", null, null), List.of(), "running jobs");
        String tags = "{\"cluster\": \"eu-1\"}";
        expect(list(organization, 5, ids, "pending", tags, me), List.of(tagged.getId()), "jobs by every filter");

        for (UUID job : ids) {
            provisioning.cancelProvisionerJob(organization, job);
        }
        CodersdkProvisionerJob canceled = organizations.getProvisionerJob(organization, tagged.getId());
        expect(canceled.getStatus(), CodersdkProvisionerJobStatus.CANCELED, "the status of a canceled job");
    }

    private CodersdkProvisionerJob enqueue(UUID organization, Map<String, String> tags) throws ApiException {
        var request = new OrgdCreateProvisionerJobRequest().type(CodersdkProvisionerJobType.WORKSPACE_BUILD).tags(tags);
        return provisioning.createProvisionerJob(organization, request);
    }

    private List<UUID> list(UUID organization, Integer limit, List<UUID> ids, String status, String tags, UUID initiator)
            throws ApiException {
        List<CodersdkProvisionerJob> jobs =
                organizations.getProvisionerJobs(organization, limit, ids, status, tags, initiator);
        return jobs.stream().map(CodersdkProvisionerJob::getId).toList();
    }

    private void delete(UUID organization) throws Exception {
        CodersdkResponse deleted = organizations.deleteOrganization(organization.toString());
        expect(deleted.getMessage(), "Organization has been deleted.", "the deletion");
        ApiException gone = refusal(() -> organizations.getOrganizationByID(organization));
        expect(gone.getCode(), 404, "the status of what is gone");
        expect(said(gone).getMessage(), "Resource not found or you do not have access to this resource", "what is gone");
    }

    private interface Call {
        void run() throws ApiException;
    }

    private static ApiException refusal(Call call) {
        try {
            call.run();
        } catch (ApiException refused) {
            return refused;
        }
        throw new AssertionError("a call succeeded that was to be refused");
    }

    /** The exception has the body as a text; the type for it is generated, and reading it is one line. */
    private CodersdkResponse said(ApiException refused) throws Exception {
        return client.getObjectMapper().readValue(refused.getResponseBody(), CodersdkResponse.class);
    }

    private static void expect(Object actual, Object expected, String what) {
        if (!Objects.equals(actual, expected)) {
            throw new AssertionError(what + ": expected " + expected + ", got " + actual);
        }
    }
}
