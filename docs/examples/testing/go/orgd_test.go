package contract

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Orgd is a server that a test has for itself.
type Orgd struct {
	URL        string `json:"url"`
	Token      string `json:"token"`
	ControlURL string `json:"control_url"`
}

// Start starts a server that ends with the test. Set ORGD to the binary where it is not on the path.
func Start(t *testing.T, flags ...string) *Orgd {
	t.Helper()
	binary := os.Getenv("ORGD")
	if binary == "" {
		binary = "orgd"
	}
	command := exec.Command(binary, append([]string{"serve", "--ephemeral", "--control", "127.0.0.1:0"}, flags...)...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	orgd := new(Orgd)
	if err := json.Unmarshal(line, orgd); err != nil {
		t.Fatal(err)
	}
	return orgd
}

// Call gives the status of an answer and decodes its body.
func (o *Orgd) Call(t *testing.T, method, url, body string, into any) int {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Coder-Session-Token", o.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	return answer.StatusCode
}

func TestListsOrganizations(t *testing.T) {
	orgd := Start(t)
	var organizations []struct{ Name string }
	if status := orgd.Call(t, "GET", orgd.URL+"/api/v2/organizations", "", &organizations); status != 200 {
		t.Fatalf("status %d", status)
	}
	if len(organizations) != 4 || organizations[0].Name != "coder" {
		t.Fatalf("%+v", organizations)
	}
}

func TestTellsAStatusThatItDoesNotKnow(t *testing.T) {
	orgd := Start(t)
	fault := `{"operation": "getProvisionerJobs", "fault": {"kind": "unknown_enum_value", "value": "paused"}}`
	if status := orgd.Call(t, "POST", orgd.ControlURL+"/_test/faults", fault, nil); status != 201 {
		t.Fatalf("status %d", status)
	}
	var jobs []struct{ Status string }
	orgd.Call(t, "GET", orgd.URL+"/api/v2/organizations/coder/provisionerjobs", "", &jobs)
	if jobs[0].Status != "paused" {
		t.Fatalf("%+v", jobs[0])
	}
}
