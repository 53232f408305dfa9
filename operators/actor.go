package operators

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/prepaid"
)

// PersonID is the id of one of our own staff.
type PersonID string

// AllBrands stands, in a person's roles, for every brand.
const AllBrands = "*"

// Actor is a person at the desk, as they are signed in.
type Actor struct {
	Person   PersonID
	Name     string
	Email    string
	Language string                     // of the desk's texts: "en"
	TimeZone *time.Location             // in which times are shown
	Roles    map[string][]Role          // by brand, and AllBrands
	Goodwill map[prepaid.Currency]int64 // in minor units, how much one goodwill of theirs may be; nothing for a currency that is missing
	From     string                     // their IP address
	Compact  bool                       // rows of tables are
	KeysOff  bool                       // the desk's single keys do nothing
	FreshAt  time.Time                  // when they last gave their second factor, or signed in with it
}

// freshFor is how long a second factor lasts for what moves money, codes or people.
const freshFor = 5 * time.Minute

// Fresh reports whether the person's second factor still counts for what moves money, codes or people.
func (a Actor) Fresh(now time.Time) bool { return now.Sub(a.FreshAt) <= freshFor }

// In returns the person's roles in a brand; brand "" is what belongs to no brand, where only roles in all brands count.
func (a Actor) In(brand string) []Role {
	roles := slices.Clone(a.Roles[AllBrands])
	if brand != "" && brand != AllBrands {
		roles = append(roles, a.Roles[brand]...)
	}
	return roles
}

// Right returns what the person may do about an act in a brand.
func (a Actor) Right(act Act, brand string) Right {
	right, _ := bestOf(act, a.In(brand))
	return right
}

// Sees reports whether the person has any role in a brand. To others its objects do not exist.
func (a Actor) Sees(brand string) bool { return a.Right(ActSee, brand) == May }

// By says that the person does something, in the role that gives them most of the right.
func (a Actor) By(act Act, brand, why string) prepaid.By {
	_, role := bestOf(act, a.In(brand))
	return prepaid.By{Who: a.Email, Why: why, Role: string(role), From: a.From}
}

// ErrNotFresh says that an operation needs the second factor again.
var ErrNotFresh = errors.New("enter the code of your authenticator app again")

// ForbiddenError says that a person's roles do not allow something.
type ForbiddenError struct {
	Act   Act
	Brand string
	Can   []Role // whose right it is
}

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("your roles do not allow it: %s is for %v", rowOf(e.Act).Says, e.Can)
}

// forbidden names whose right an act is.
func forbidden(act Act, brand string) *ForbiddenError {
	e := &ForbiddenError{Act: act, Brand: brand}
	for _, role := range Roles() {
		if right := rowOf(act).Rights[role]; right == May || right == Asks {
			e.Can = append(e.Can, role)
		}
	}
	return e
}
