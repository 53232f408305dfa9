package store

// What the tests explain.
const ReserveCardSQL = reserveCard

var ListCardsSQL = listCards
