package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Brands keeps the versions of brands' settings, and which of them are in force.
type Brands struct{ *core }

var _ operators.BrandStore = Brands{}

var (
	brandNames         = onlyWhoAndWhy(names{"Who": "changed_by", "At": "changed_at"})
	brandTable         = newTable[operators.BrandState]("brands", brandNames)
	brandChangeTable   = newTable[operators.BrandState]("brand_changes", brandNames)
	brandSettingsTable = newTable[operators.BrandVersion]("brand_settings", onlyWhoAndWhy(names{"Who": "made_by", "At": "made_at"}))
)

// BrandStates implements operators.BrandStore.
func (db Brands) BrandStates(ctx context.Context) ([]operators.BrandState, error) {
	states, err := brandTable.list(ctx, db.reader, `ORDER BY brand`)
	if err != nil {
		return nil, fmt.Errorf("read which settings are in force: %w", err)
	}
	return states, nil
}

// BrandVersion implements operators.BrandStore.
func (db Brands) BrandVersion(ctx context.Context, brand string, version int) (operators.BrandVersion, error) {
	found, err := brandSettingsTable.list(ctx, db.reader, `WHERE brand = ? AND version = ?`, brand, version)
	if err != nil {
		return operators.BrandVersion{}, fmt.Errorf("read settings: %w", err)
	}
	if len(found) == 0 {
		return operators.BrandVersion{}, operators.ErrNoVersion
	}
	return found[0], nil
}

// BrandVersions implements operators.BrandStore.
func (db Brands) BrandVersions(ctx context.Context, brand string) ([]operators.BrandVersion, error) {
	versions, err := brandSettingsTable.list(ctx, db.reader, `WHERE brand = ? ORDER BY version`, brand)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return versions, nil
}

// BrandChanges implements operators.BrandStore.
func (db Brands) BrandChanges(ctx context.Context, brand string) ([]operators.BrandState, error) {
	changes, err := brandChangeTable.list(ctx, db.reader, `WHERE brand = ? ORDER BY number`, brand)
	if err != nil {
		return nil, fmt.Errorf("read changes of settings: %w", err)
	}
	return changes, nil
}

// AddBrandVersion implements operators.BrandStore. Of two that add at once the second waits, and gets the next number.
func (db Brands) AddBrandVersion(ctx context.Context, v operators.BrandVersion) (int, error) {
	err := db.write(ctx, "store settings", func(tx *sqlx.Tx) (err error) {
		if v.Version, err = db.addBrandVersion(ctx, tx, v); err != nil {
			return err
		}
		return recordDeed(ctx, tx, brandDeed(v.Brand, "draft settings", versionName(v.Parent), versionName(v.Version), v.By, v.At))
	})
	return v.Version, err
}

func (db Brands) addBrandVersion(ctx context.Context, tx *sqlx.Tx, v operators.BrandVersion) (int, error) {
	// The row of the brand is locked: a version's number is the next one, and there is no gap.
	var locked []string
	if err := list(ctx, tx, &locked, `SELECT brand FROM brands WHERE brand = ?`+db.forUpdate, v.Brand); err != nil {
		return 0, err
	}
	if _, err := get(ctx, tx, &v.Version, `SELECT COALESCE(MAX(version), 0) + 1 FROM brand_settings WHERE brand = ?`, v.Brand); err != nil {
		return 0, err
	}
	rows, err := brandSettingsTable.insert(ctx, tx, v, `ON CONFLICT DO NOTHING`)
	if err == nil && rows == 0 { // two copies store a new brand at once
		err = operators.ErrOvertaken
	}
	return v.Version, err
}

// PutBrandInForce implements operators.BrandStore.
func (db Brands) PutBrandInForce(ctx context.Context, s operators.BrandState, over int, v *operators.BrandVersion) (operators.BrandState, error) {
	err := db.write(ctx, "put settings in force", func(tx *sqlx.Tx) (err error) {
		if v != nil {
			if s.Version, err = db.addBrandVersion(ctx, tx, *v); err != nil {
				return err
			}
		}
		s.Number = 1
		if over != 0 {
			var numbers []int
			err = list(ctx, tx, &numbers, `UPDATE brands SET version = ?, withdrawn = ?, number = number + 1, changed_by = ?, why = ?, changed_at = ?
				WHERE brand = ? AND version = ? AND (version <> ? OR withdrawn <> ?) RETURNING number`,
				s.Version, s.Withdrawn, s.Who, s.Why, prepaid.Micros(s.At), s.Brand, over, s.Version, s.Withdrawn)
			if err == nil && len(numbers) == 0 {
				err = operators.ErrOvertaken
			}
			if err != nil {
				return err
			}
			s.Number = numbers[0]
		} else {
			rows, err := brandTable.insert(ctx, tx, s, `ON CONFLICT DO NOTHING`)
			if err == nil && rows == 0 {
				err = operators.ErrOvertaken
			}
			if err != nil {
				return err
			}
		}
		if _, err = brandChangeTable.insert(ctx, tx, s, ""); err != nil {
			return err
		}
		d := brandDeed(s.Brand, "publish settings", versionName(over), versionName(s.Version), s.By, s.At)
		if s.Withdrawn {
			d.What, d.New = "withdraw brand", "withdrawn"
		}
		return recordDeed(ctx, tx, d)
	})
	return s, err
}

// brandDeed is a deed on a brand's settings.
func brandDeed(brand, what, old, now string, by prepaid.By, at time.Time) prepaid.Deed {
	return prepaid.Deed{Brand: brand, What: what, Kind: prepaid.OnBrand, Object: brand, Old: old, New: now, By: by, At: at}
}

func versionName(version int) string {
	if version == 0 {
		return ""
	}
	return fmt.Sprintf("version %d", version)
}

// LanguagesOf implements operators.BrandReach.
func (db Brands) LanguagesOf(ctx context.Context, brand string) (map[string]int, error) {
	return db.count(ctx, `SELECT language AS name, COUNT(*) AS n FROM customers WHERE brand = ? AND status <> 'closed' AND erased_at = 0 GROUP BY language`, brand)
}

// ChannelsOf implements operators.BrandReach.
func (db Brands) ChannelsOf(ctx context.Context, brand string) (map[string]int, error) {
	return db.count(ctx, `SELECT channel AS name, COUNT(*) AS n FROM customer_addresses WHERE brand = ? GROUP BY channel`, brand)
}

func (db Brands) count(ctx context.Context, query, brand string) (map[string]int, error) {
	var rows []struct {
		Name string
		N    int
	}
	if err := list(ctx, db.reader, &rows, query, brand); err != nil {
		return nil, fmt.Errorf("count whom settings reach: %w", err)
	}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Name] = r.N
	}
	return counts, nil
}
