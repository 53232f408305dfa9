package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"pulsa/app/apptest"
	"pulsa/app/config"
)

// composeFile is what the tests look at in docker-compose.yml.
type composeFile struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Environment map[string]string
		Volumes     []string
		Healthcheck struct{ Test []string }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	Volumes map[string]any
}

func readRoot(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(topFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func compose(t *testing.T) composeFile {
	t.Helper()
	var c composeFile
	if err := yaml.Unmarshal([]byte(readRoot(t, "docker-compose.yml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func isRead(variable string) bool {
	return slices.ContainsFunc(config.Environment, func(v config.Variable) bool { return v.Name == variable })
}

// interpolation is how docker compose takes a variable: ${NAME} or ${NAME:-default}.
var interpolation = regexp.MustCompile(`\$\{([A-Z_]+)(?::-([^}]*))?\}`)

func TestComposeSetsOnlyWhatTheProgramReads(t *testing.T) {
	c := compose(t)
	set := map[string]string{}
	for name, text := range c.Services["pulsa"].Environment {
		if !isRead(name) {
			t.Errorf("docker-compose.yml sets %s, which the program does not read", name)
		}
		for _, m := range interpolation.FindAllStringSubmatch(text, -1) {
			if m[1] != name && m[1] != "POSTGRES_PASSWORD" {
				t.Errorf("docker-compose.yml: %s is made of %s", name, m[1])
			}
		}
		set[name] = interpolation.ReplaceAllString(text, "$2")
	}
	for _, m := range regexp.MustCompile(`\b(PULSA_[A-Z_]+)=`).FindAllStringSubmatch(readRoot(t, "Dockerfile"), -1) {
		if !isRead(m[1]) {
			t.Errorf("Dockerfile sets %s, which the program does not read", m[1])
		}
	}
	known := config.Supported()
	t.Chdir(t.TempDir())
	if _, err := config.Load("", func(name string) string { return set[name] }, known); err != nil {
		t.Errorf("the program refuses what docker-compose.yml sets:\n%v", err)
	}
}

func TestComposeKeepsWhatMustOutliveARestart(t *testing.T) {
	c := compose(t)
	for service, depends := range c.Services["pulsa"].DependsOn {
		if depends.Condition != "service_healthy" || len(c.Services[service].Healthcheck.Test) == 0 {
			t.Errorf("pulsa must wait until %s is healthy", service)
		}
	}
	if len(c.Services["pulsa"].DependsOn) != 2 {
		t.Error("pulsa needs postgres and redis")
	}
	for name, service := range c.Services {
		if len(service.Volumes) != 1 {
			t.Fatalf("%s has volumes %v", name, service.Volumes)
		}
		if volume, _, _ := strings.Cut(service.Volumes[0], ":"); c.Volumes[volume] == nil {
			t.Errorf("%s: the volume %s is not declared", name, volume)
		}
	}
	if command := strings.Join(c.Services["redis"].Command, " "); !strings.Contains(command, "--appendonly yes") {
		t.Errorf("redis runs without an append-only file: %s", command)
	}
	if image := c.Services["postgres"].Image; image != "postgres:17" {
		t.Errorf("postgres is %s: another major version can't read the volume", image)
	}
}

// TestTheStaticBuildRuns builds what the Dockerfile builds, and runs its commands: scratch has nothing to help
// a binary that is not static.
func TestTheStaticBuildRuns(t *testing.T) {
	dockerfile := readRoot(t, "Dockerfile")
	for _, line := range []string{
		`RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w $STAMP" -o /pulsa ./cmd/pulsa`,
		"FROM scratch", `CMD ["/pulsa", "health"]`, `ENTRYPOINT ["/pulsa"]`, `CMD ["serve"]`,
	} {
		if !strings.Contains(dockerfile, line) {
			t.Errorf("Dockerfile lacks %s, which this test plays", line)
		}
	}
	binary := built(t)
	if runtime.GOOS == "linux" {
		checkStatic(t, binary)
	}
	public, admin := freePort(t), freePort(t)
	var log bytes.Buffer
	server := exec.Command(binary, "serve")
	server.Dir = t.TempDir()
	server.Env = []string{"PULSA_DATA=" + t.TempDir(), "PULSA_LISTEN=" + public, "PULSA_ADMIN_LISTEN=" + admin}
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill() }()
	if err := healthy(binary, public); err != nil {
		_ = server.Process.Kill()
		_ = server.Wait()
		t.Fatalf("%v\n%s", err, log.String())
	}
	answer, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusOK {
		t.Errorf("/metrics answers %s", answer.Status)
	}
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server was told to stop: %v\n%s", err, log.String())
	}
}

func checkStatic(t *testing.T, binary string) {
	t.Helper()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is linked dynamically")
		}
	}
}

// healthy asks as the image's HEALTHCHECK does, until the server is ready.
func healthy(binary, address string) (err error) {
	for end := time.Now().Add(apptest.Patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var text []byte
		if text, err = exec.Command(binary, "health", "--server", "http://"+address).CombinedOutput(); err == nil {
			return nil
		}
		err = fmt.Errorf("pulsa health: %w: %s", err, text)
	}
	return err
}
