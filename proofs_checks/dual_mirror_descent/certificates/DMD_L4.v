(* dual_mirror_descent/DMD-L4: Prices stay in a box. No Euclidean price mu_tj of a resource j exceeds both its
   start mu_1j and f_bar/rho_j + eta (b_bar - rho_j)^+; f_bar bounds rewards, b_bar costs, rho_j is the budget per
   period, eta the step, and x^+ = max(x, 0). Of every sequence of proposals that pay no more than their rewards,
   eager or lazy Euclidean steps of every size: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* of a proposal its reward, its cost of one resource, and what it pays for all others *)
Definition proposal : Type := (R * R * R)%type.

(* rewards and costs are at most the largest ones, and no proposal pays more than its reward *)
Fixpoint gainful (most largest : R) (proposals : list proposal) (prices : list R) : Prop :=
  match proposals, prices with
  | (reward, cost, others) :: more, price :: rest =>
      reward <= most /\ 0 <= cost <= largest /\ 0 <= others /\ price * cost + others <= reward /\
      gainful most largest more rest
  | _, _ => True
  end.

Definition hypotheses (lazy : bool) (step rate most largest first : R) (proposals : list proposal) (prices : list R) : Prop :=
  0 < step /\ 0 < rate /\ 0 <= most /\ 0 <= first /\
  walk lazy step first (map (fun '(reward, cost, others) => rate - cost) proposals) prices /\
  gainful most largest proposals prices.

(* the last price *)
Definition lhs (lazy : bool) (step rate most largest first : R) (proposals : list proposal) (prices : list R) : R := last prices 0.

Definition rhs (lazy : bool) (step rate most largest first : R) (proposals : list proposal) (prices : list R) : R :=
  Rmax first (most / rate + step * Rmax 0 (largest - rate)).

Definition claim : Prop := forall lazy step rate most largest first proposals prices,
  hypotheses lazy step rate most largest first proposals prices ->
  lhs lazy step rate most largest first proposals prices <= rhs lazy step rate most largest first proposals prices.

(* --- proof --- *)

Ltac holds := unfold hypotheses; decided.

Ltac impossible := simpl; compared.

Ltac anchored := split; [holds | split; unfold lhs, rhs; simpl; compared].

(* --- theorem --- *)

(* a point below the bound stays below it: a price above most / rate buys less than the rate *)
Lemma stays : forall lazy step rate most largest bound, 0 < step -> 0 < rate -> 0 <= most -> 0 <= bound ->
  most / rate + step * Rmax 0 (largest - rate) <= bound -> forall proposals prices point, point <= bound ->
  walk lazy step point (map (fun '(reward, cost, others) => rate - cost) proposals) prices ->
  gainful most largest proposals prices -> last prices 0 <= bound.
Proof.
  intros lazy step rate most largest bound S Q M B L.
  induction proposals as [|[[reward cost] others] more IH]; intros prices point H W G;
    (destruct prices as [|price rest]; [contradiction|]); destruct W as [-> W].
  - subst rest. simpl. apply Rmax_lub; assumption.
  - destruct G as [F [[C0 C] [O [Gain G]]]].
    assert (X := fun below => IH rest _ below W G). destruct rest as [|next rest]; [destruct more; contradiction|].
    change (last (Rmax 0 point :: next :: rest) 0) with (last (next :: rest) 0). apply X.
    assert (P := Rmax_lub _ _ _ B H). assert (P0 := Rmax_l 0 point).
    apply Rle_trans with (Rmax 0 point - step * (rate - cost)).
    { assert (Y := Rmax_r 0 point). destruct lazy; lra. }
    destruct (Rle_lt_dec (Rmax 0 point) (most / rate)) as [Low | High].
    + assert (Y := Rmax_r 0 (largest - rate)).
      assert (Z : step * (cost - rate) <= step * Rmax 0 (largest - rate)) by (apply Rmult_le_compat_l; lra). lra.
    + assert (Most : most < Rmax 0 point * rate).
      { apply Rmult_lt_compat_r with (r := rate) in High; [|exact Q].
        replace (most / rate * rate) with most in High by (field; lra). exact High. }
      assert (Less : cost < rate). { apply Rmult_lt_reg_l with (Rmax 0 point); [|lra].
        destruct (Rle_lt_or_eq_dec _ _ P0) as [Pos | Zero]; [exact Pos | rewrite <- Zero in Most; lra]. }
      assert (Z : 0 <= step * (rate - cost)) by (apply Rmult_le_pos; lra). lra.
Qed.

Theorem certified : claim.
Proof.
  intros lazy step rate most largest first proposals prices [S [Q [M [P [W G]]]]]. unfold lhs, rhs.
  assert (X := Rmax_l first (most / rate + step * Rmax 0 (largest - rate))).
  apply (stays lazy step rate most largest _ S Q M) with proposals first; try assumption; [lra | apply Rmax_r].
Qed.
