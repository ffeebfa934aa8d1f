package ledger

import "fmt"

// Problem is one thing wrong with a chain.
type Problem struct {
	// Line is the place of the event in what was checked, from 1; Seq is what
	// the event says of itself.
	Line, Seq int64
	Problem   string
}

func (p Problem) String() string {
	return fmt.Sprintf("event %d (seq %d): %s", p.Line, p.Seq, p.Problem)
}

// Check holds the whole chain of one writer, first event first, against
// itself and returns what is wrong, nil when nothing is: an event changed
// after it was sealed, events missing, swapped, inserted or doubled, and
// events of another writer. It goes on after a problem, so that one damaged
// event does not hide the next.
func Check(events []Event) []Problem {
	var problems []Problem
	head := Head{}
	seen := make(map[string]int64, len(events))
	for i, e := range events {
		report := func(format string, args ...any) {
			problems = append(problems, Problem{int64(i) + 1, e.Seq, fmt.Sprintf(format, args...)})
		}
		if e.Seq != head.Seq+1 {
			report("follows seq %d", head.Seq)
		}
		if e.Prev != head.Digest {
			report("is not chained to the event before it")
		}
		switch digest, err := e.digest(); {
		case err != nil:
			report("cannot be hashed: %v", err)
		case digest != e.Digest:
			report("was changed: its digest does not match")
		}
		if e.Writer != events[0].Writer {
			report("has writer %q in the chain of %q", e.Writer, events[0].Writer)
		}
		if first, ok := seen[e.ID]; ok {
			report("has the id of event %d", first)
		} else {
			seen[e.ID] = int64(i) + 1
		}
		head = Head{Seq: e.Seq, Digest: e.Digest}
	}
	return problems
}
