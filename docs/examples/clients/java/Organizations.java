import orgd.client.ApiClient;
import orgd.client.ApiException;
import orgd.client.api.OrganizationsApi;
import orgd.client.model.CodersdkCreateOrganizationRequest;
import orgd.client.model.CodersdkResponse;

public class Organizations {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("ORGD_URL") + "/api/v2");
        client.setRequestInterceptor(request -> request.header("Coder-Session-Token", System.getenv("ORGD_TOKEN")));
        OrganizationsApi api = new OrganizationsApi(client);

        api.getOrganizations().forEach(organization -> System.out.println(organization.getName()));
        var request = new CodersdkCreateOrganizationRequest().name("platform-team");
        System.out.println("Created " + api.createOrganization(request).getName() + ".");
        try {
            api.createOrganization(request);
        } catch (ApiException refused) {
            var error = client.getObjectMapper().readValue(refused.getResponseBody(), CodersdkResponse.class);
            System.out.println(refused.getCode() + ": " + error.getMessage());
        }
    }
}
