package capability

// Interface is what a Terraform module asks for and what it gives: what a
// definition is held against, and what a new one is made from.
type Interface struct {
	Digest    string           // of the module's files and of those it fetches
	Fetched   bool             // some of it comes from elsewhere
	Variables []ModuleVariable // sorted by name
	Outputs   []ModuleOutput   // sorted by name
	Providers []string         // that the module brings, as "source constraints"
	Own       bool             // it uses the provider of platformctl
	Risks     []ModuleRisk     // in the files of the platform
}

// ModuleVariable is an input variable of a module.
type ModuleVariable struct {
	Name, Type          string // Type as written, empty when it is not
	Required, Sensitive bool
	Ephemeral           bool
	Description         string
	Schema              map[string]any // JSON Schema of the values; no "type" when any will do
}

// ModuleOutput is an output of a module.
type ModuleOutput struct {
	Name, Description    string
	Sensitive, Ephemeral bool
}

// ModuleRisk is something in a module that runs programs, reaches other
// machines, or takes hold of what the module did not make.
type ModuleRisk struct {
	File string
	Line int
	What string
}

// secret reports whether a value of the variable must not be in the clear.
func (v ModuleVariable) secret() bool { return v.Sensitive || v.Ephemeral }

// secret reports whether the output's value must not be in the clear, or is not
// kept at all.
func (o ModuleOutput) secret() bool { return o.Sensitive || o.Ephemeral }

func (i Interface) variable(name string) (ModuleVariable, bool) {
	for _, v := range i.Variables {
		if v.Name == name {
			return v, true
		}
	}
	return ModuleVariable{}, false
}

func (i Interface) output(name string) (ModuleOutput, bool) {
	for _, o := range i.Outputs {
		if o.Name == name {
			return o, true
		}
	}
	return ModuleOutput{}, false
}
