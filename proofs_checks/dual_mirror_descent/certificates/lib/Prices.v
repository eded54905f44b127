(* Prices of one resource along Euclidean steps against gradients, eager or lazy, and projected at 0. *)
From Coq Require Import Reals List Lra.
Import ListNotations.
Open Scope R_scope.

(* a price is its point, or 0 where that is negative; an eager step starts at the price, a lazy one at the point;
   there is one price more than there are gradients *)
Fixpoint walk (lazy : bool) (step point : R) (gradients prices : list R) : Prop :=
  match prices with
  | [] => False
  | price :: rest => price = Rmax 0 point /\
      match gradients with
      | [] => rest = []
      | g :: more => walk lazy step ((if lazy then point else price) - step * g) more rest
      end
  end.

Definition sum (numbers : list R) : R := fold_right Rplus 0 numbers.

Fixpoint dot (a b : list R) : R := match a, b with x :: a, y :: b => x * y + dot a b | _, _ => 0 end.

(* --- facts --- *)

(* a point that is projected is nearer to all prices at or above 0, by the square of what the projection moves *)
Definition apart (price point : R) : R := (price - point) * (price - point) - (Rmax 0 point - point) * (Rmax 0 point - point).

Lemma projected : forall point, point <= 0 /\ Rmax 0 point = 0 \/ 0 <= point /\ Rmax 0 point = point.
Proof. intro point. unfold Rmax. destruct (Rle_dec 0 point); [right | left]; lra. Qed.

Lemma apart_positive : forall price point, 0 <= price -> 0 <= apart price point.
Proof.
  intros price point P. unfold apart. assert (S := Rle_0_sqr price). assert (Q := Rle_0_sqr (price - point)). unfold Rsqr in *.
  destruct (projected point) as [[N ->] | [N ->]]; [|lra].
  assert (0 <= price * - point) by (apply Rmult_le_pos; lra). lra.
Qed.

Lemma apart_projected : forall price point, 0 <= price -> apart price (Rmax 0 point) <= apart price point.
Proof.
  intros price point P. unfold apart. destruct (projected point) as [[N ->] | [N ->]];
    [rewrite Rmax_left by lra | rewrite Rmax_right by exact N; lra].
  assert (0 <= price * - point) by (apply Rmult_le_pos; lra). lra.
Qed.

(* what a step costs, from a point or from its price *)
Lemma one_step : forall price point move, 0 <= price ->
  2 * move * (Rmax 0 point - price) + apart price (point - move) <= apart price point + move * move.
Proof.
  intros price point move P. unfold apart. assert (S := Rle_0_sqr (point - move)). assert (Q := Rle_0_sqr move). unfold Rsqr in *.
  destruct (projected point) as [[N ->] | [N ->]]; destruct (projected (point - move)) as [[M ->] | [M ->]]; try lra.
  assert (0 <= (point - move) * - point) by (apply Rmult_le_pos; lra).
  assert (0 <= point * point) by apply Rle_0_sqr. lra.
Qed.

(* the sum of gradients times gaps of the prices to one that stays *)
Fixpoint regret (stay : R) (gradients prices : list R) : R :=
  match gradients, prices with g :: more, price :: rest => g * (price - stay) + regret stay more rest | _, _ => 0 end.

Lemma regret_bound : forall lazy step stay gradients prices point, 0 < step -> 0 <= stay -> walk lazy step point gradients prices ->
  2 * step * regret stay gradients prices <= apart stay point + step * step * dot gradients gradients.
Proof.
  intros lazy step stay. induction gradients as [|g more IH]; intros prices point S P W.
  - assert (X := apart_positive stay point P). destruct prices; simpl in *; lra.
  - destruct prices as [|price rest]; [contradiction|]. destruct W as [-> W]. simpl.
    assert (X := IH rest _ S P W).
    assert (Y : 2 * (step * g) * (Rmax 0 point - stay) + apart stay ((if lazy then point else Rmax 0 point) - step * g)
                <= apart stay point + (step * g) * (step * g)).
    { destruct lazy; [apply one_step, P|]. assert (Z := apart_projected stay point P).
      assert (U := one_step stay (Rmax 0 point) (step * g) P). rewrite (Rmax_right 0 (Rmax 0 point)) in U by apply Rmax_l. lra. }
    lra.
Qed.

(* the same with a division by the step, and the sum over all resources *)
Lemma resource_bound : forall lazy step stay gradients prices first, 0 < step -> 0 <= stay -> 0 <= first ->
  walk lazy step first gradients prices ->
  regret stay gradients prices <= (stay - first) ^ 2 / 2 / step + step * (dot gradients gradients / 2).
Proof.
  intros lazy step stay gradients prices first S P Q W. assert (X := regret_bound lazy step stay gradients prices first S P W).
  unfold apart in X. rewrite (Rmax_right 0 first) in X by exact Q. apply Rmult_le_reg_l with (2 * step); [lra|].
  replace (2 * step * ((stay - first) ^ 2 / 2 / step + step * (dot gradients gradients / 2)))
    with ((stay - first) * (stay - first) + step * step * dot gradients gradients) by (field; lra). lra.
Qed.

Lemma summed : forall (A : Type) (l d e : A -> R) step all, 0 < step -> Forall (fun a => l a <= d a / step + step * e a) all ->
  sum (map l all) <= sum (map d all) / step + step * sum (map e all).
Proof.
  intros A l d e step all S F. induction F as [|a rest H F IH]; unfold sum in *; simpl; [lra|].
  unfold Rdiv in *. rewrite Rmult_plus_distr_r, Rmult_plus_distr_l. lra.
Qed.

(* the last price has moved against all gradients, or further up *)
Lemma last_price : forall lazy step gradients prices point, walk lazy step point gradients prices ->
  point - step * sum gradients <= last prices 0.
Proof.
  intros lazy step. induction gradients as [|g more IH]; intros prices point W;
    (destruct prices as [|price rest]; [contradiction|]); destruct W as [-> W].
  - subst rest. unfold sum. simpl. assert (X := Rmax_r 0 point). lra.
  - assert (X := IH rest _ W). destruct rest as [|next rest]; [destruct more; contradiction|].
    change (last (Rmax 0 point :: next :: rest) 0) with (last (next :: rest) 0).
    unfold sum in *. simpl fold_right. assert (Y := Rmax_r 0 point). destruct lazy; lra.
Qed.

(* comparisons of numbers that are written out *)
Ltac is_plain number := lazymatch number with context [Rle_dec _ _] => fail | _ => idtac end.

Ltac compared := unfold Rmax, Rmin;
  repeat match goal with |- context [Rle_dec ?a ?b] => is_plain a; is_plain b; destruct (Rle_dec a b); try lra end; lra.

Ltac each_part := unfold sum;
  repeat (simpl; match goal with |- _ /\ _ => split | |- Forall _ _ => constructor end); simpl.

Ltac decided := each_part; first [reflexivity | compared].
