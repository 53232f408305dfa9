package harness_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"pulsa/app/config"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
)

// script is what a file of conversation/stories holds.
const script = `
story: Buy with a wrong PIN once
brand: demo
from: +31612345678
given: customer pin 4821 method sepa

> KOOP 10 [secret 4822]
< {pin.wrong left=2}
> [secret 4821]
< {order.delivered amount=EUR 10.00}
= charged EUR 10.00 once
`

// A script is loaded and checked, then each of its stories is played on a program of its own: the conversations and the
// money of the real one, on simulators and a clock that stands still.
func Example() {
	report, err := play(context.Background(), script)
	if err != nil {
		fmt.Println(err) // a script that is wrong: file, line and what to write instead
		return
	}
	for _, result := range report.Results {
		fmt.Printf("%s: %s\n", result.Story.Name, result.Outcome)
		for _, said := range result.Said {
			if said.By == talk.TheProgram {
				fmt.Println("<", said.Keys) // its prompts; said.Text is what the customer reads
			} else {
				fmt.Println(">", said.Text)
			}
		}
		for _, failure := range result.Failures {
			fmt.Printf("line %d: %s\n", failure.Line, failure.Problem)
		}
	}
	// Output:
	// Buy with a wrong PIN once: passed
	// > KOOP 10 ****
	// < [pin.wrong]
	// > ****
	// < [order.delivered]
}

// play runs a script on the demo's brands and on embedded stores.
func play(ctx context.Context, script string) (*talk.Report, error) {
	known := config.Supported()
	environment := func(string) string { return "" }
	c, err := config.Parse("demo.yaml", config.Demo, environment, known)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pulsa-example-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "buy.talk")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return nil, err
	}
	suite, err := harness.ReadSuite(c, []string{file}, nil)
	if err != nil {
		return nil, err
	}
	return suite.Run(ctx, harness.Stage{}) // on embedded stores
}
